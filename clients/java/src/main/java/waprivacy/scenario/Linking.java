package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import waprivacy.v1.CreateInstanceRequest;
import waprivacy.v1.CreateInstanceResponse;
import waprivacy.v1.Instance;
import waprivacy.v1.LinkInstanceRequest;
import waprivacy.v1.LinkInstanceResponse;
import waprivacy.v1.LinkInstanceResponse.EventCase;
import waprivacy.v1.ListInstancesRequest;
import waprivacy.v1.ListInstancesResponse;

/** Instances are made, linked and listed. */
final class Linking {
  private static final long LINK_SECONDS = 60;

  private Linking() {}

  static Desk linkedDesk(Client account, String name, Simulator.Phone phone) throws IOException {
    CreateInstanceResponse created =
        account.instances().createInstance(CreateInstanceRequest.newBuilder().setName(name).build());
    LinkInstanceRequest request =
        LinkInstanceRequest.newBuilder()
            .setInstance(name)
            .setQr(LinkInstanceRequest.Qr.getDefaultInstance())
            .build();
    Iterator<LinkInstanceResponse> steps =
        account.instances().withDeadlineAfter(LINK_SECONDS, TimeUnit.SECONDS).linkInstance(request);
    LinkInstanceResponse step = steps.next();
    while (step.getEventCase() == EventCase.QR_CODE) { // WhatsApp takes the newest one only.
      phone.scan(step.getQrCode().getPayload());
      step = steps.next();
    }
    expect("the last step of linking", step.getEventCase(), EventCase.LINKED);
    String lastDigits = phone.number().substring(phone.number().length() - 4);
    expect("the phone that is linked", step.getLinked().getMaskedPhoneNumber(), "+*******" + lastDigits);
    String token = created.getSecret();
    return new Desk(name, phone, account, token, Transport.clientWith(token));
  }

  static void instancesComeInPages(Client account, List<String> wanted) {
    List<String> names = new ArrayList<>();
    int pages = 0;
    String token = "";
    do {
      ListInstancesResponse page =
          account
              .instances()
              .listInstances(
                  ListInstancesRequest.newBuilder()
                      .setPageSize(1)
                      .setState(Instance.State.STATE_CONNECTED)
                      .setPageToken(token)
                      .build());
      page.getInstancesList().forEach(instance -> names.add(instance.getName()));
      pages++;
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    expect("the instances of all pages", names, wanted);
    expect("the number of pages", pages, wanted.size());
  }
}
