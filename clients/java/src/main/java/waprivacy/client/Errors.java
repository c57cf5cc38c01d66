package waprivacy.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import waprivacy.v1.PrivacyApplyFailure;
import waprivacy.v1.PrivacyUpdateFailure;
import waprivacy.v1.SettingOutcome;

/**
 * What the details of an error say, as values.
 *
 * <p>The service's errors carry a {@code google.rpc.Status}. One without it came from gRPC itself, or
 * from something in between: then reason and outcomes are empty. The status of one instance in a
 * stream or a page is read by the methods that take a {@link Status}.
 */
public final class Errors {
  private static final String DOMAIN = "wa-privacy";

  private Errors() {}

  /** An ErrorReason without its prefix, as {@code PARTIAL_UPDATE}. A newer service may have others. */
  public static String reasonOf(Throwable error) {
    return reasonOf(statusOf(error));
  }

  /** As {@link #reasonOf(Throwable)}. */
  public static String reasonOf(Status status) {
    return detailOf(status, ErrorInfo.class)
        .filter(info -> info.getDomain().equals(DOMAIN))
        .map(ErrorInfo::getReason)
        .orElse("");
  }

  /** What became of each setting of a failed update. */
  public static List<SettingOutcome> outcomesOf(Throwable error) {
    return outcomesOf(statusOf(error));
  }

  /** As {@link #outcomesOf(Throwable)}. */
  public static List<SettingOutcome> outcomesOf(Status status) {
    return detailOf(status, PrivacyUpdateFailure.class)
        .map(PrivacyUpdateFailure::getOutcomesList)
        .orElse(List.of());
  }

  /** How many instances of an Apply failed, and which. */
  public static Optional<PrivacyApplyFailure> applyFailureOf(Throwable error) {
    return detailOf(statusOf(error), PrivacyApplyFailure.class);
  }

  /** What is wrong with the request, field by field. */
  public static List<BadRequest.FieldViolation> violationsOf(Throwable error) {
    return detailOf(statusOf(error), BadRequest.class)
        .map(BadRequest::getFieldViolationsList)
        .orElse(List.of());
  }

  /** After what time to call again; empty when the service does not say that a repetition will do. */
  public static Optional<Duration> retryDelayOf(Throwable error) {
    return detailOf(statusOf(error), RetryInfo.class)
        .map(RetryInfo::getRetryDelay)
        .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
  }

  /** The detail of this type, which a status has at most once. */
  public static <T extends Message> Optional<T> detailOf(Status status, Class<T> type) {
    for (Any packed : status.getDetailsList()) {
      if (packed.is(type)) {
        try {
          return Optional.of(packed.unpack(type));
        } catch (InvalidProtocolBufferException malformed) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private static Status statusOf(Throwable error) {
    Status status = StatusProto.fromThrowable(error);
    return status == null ? Status.getDefaultInstance() : status;
  }
}
