package waprivacy.scenario;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Objects;
import waprivacy.client.Errors;

/** What the contract says, held against what came. */
final class Checks {
  private Checks() {}

  static void expect(String what, Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) {
      throw new ContractBroken(what + ": " + got + ", not " + wanted);
    }
  }

  /** The error of a call that must fail so. */
  static StatusRuntimeException refused(Status.Code code, String reason, Runnable call) {
    String wanted = (code + " " + reason).strip();
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      String got = (error.getStatus().getCode() + " " + Errors.reasonOf(error)).strip();
      expect("the error (" + error.getStatus().getDescription() + ")", got, wanted);
      return error;
    }
    throw new ContractBroken("OK, not " + wanted);
  }

  /** The error of a call that must fail, however. */
  static StatusRuntimeException failureOf(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      return error;
    }
    throw new ContractBroken("OK, though nobody answered");
  }
}
