package waprivacy.scenario;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;

/** The simulated WhatsApp, over its control interface: phones, and faults. */
final class Simulator {
  private final HttpClient http = HttpClient.newHttpClient();
  private final String url;

  Simulator(String url) {
    this.url = url;
  }

  Phone addPhone(String number) {
    ask("POST", "/phones", Map.of("phoneNumber", number));
    return new Phone(this, number);
  }

  /** Faults that hold until it is closed; each is JSON. */
  Faults inject(String... faults) {
    for (String fault : faults) {
      ask("POST", "/faults", JsonParser.parseString(fault));
    }
    return () -> ask("DELETE", "/faults", null);
  }

  int faultsLeft() {
    return ask("GET", "/faults", null).getAsJsonArray().size();
  }

  private JsonElement ask(String method, String path, Object body) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + path))
            .header("content-type", "application/json")
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(new Gson().toJson(body)))
            .build();
    try {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      if (answer.statusCode() >= 300) {
        throw new IllegalStateException(method + " " + path + ": " + answer.body());
      }
      return JsonParser.parseString(answer.body());
    } catch (IOException | InterruptedException error) {
      throw new IllegalStateException(method + " " + path, error);
    }
  }

  /** See {@link #inject}. */
  interface Faults extends AutoCloseable {
    @Override
    void close();
  }

  /** What a person does with a phone. */
  record Phone(Simulator simulator, String number) {
    void scan(String qr) {
      simulator.ask("POST", path("/scan"), Map.of("qr", qr));
    }

    void setPrivacy(String category, String value) {
      simulator.ask("PUT", path("/settings/" + category), Map.of("value", value));
    }

    /** WhatsApp refuses the version that the service announces, and ends the phone's connections. */
    void refuseClients() {
      simulator.ask("PATCH", "/behaviour", Map.of("refuseClients", true));
      simulator.ask("POST", path("/drop"), Map.of("how", "close"));
    }

    private String path(String rest) {
      return "/phones/" + number.substring(1) + rest;
    }
  }
}
