package waprivacy.client;

import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Calls that are made again when the service says so. */
public final class Patience {
  private Patience() {}

  /**
   * Makes a call again after the time that RetryInfo tells, while the waits add up to no more than the
   * patience. Give a call that changes something a request_id: a repetition then gets the first answer.
   */
  public static <T> T callPatiently(Supplier<T> call, Duration patience) throws InterruptedException {
    for (Duration left = patience; ; ) {
      try {
        return call.get();
      } catch (StatusRuntimeException error) {
        Optional<Duration> delay = Errors.retryDelayOf(error);
        if (delay.isEmpty() || delay.get().compareTo(left) > 0) {
          throw error;
        }
        left = left.minus(delay.get());
        Thread.sleep(delay.get().toMillis() + 1); // toMillis rounds down.
      }
    }
  }
}
