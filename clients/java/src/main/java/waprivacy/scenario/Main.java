package waprivacy.scenario;

import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Runs against a service and a simulator that the environment names; ends with 0 when all is as the
 * contract says.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    String token = System.getenv("WA_PRIVACY_TOKEN");
    Simulator simulator = new Simulator(System.getenv("WA_PRIVACY_SIMULATOR"));
    try (Client account = Transport.clientWith(token)) {
      run("strangers are kept out", () -> Transport.strangersAreKeptOut(account, token));
      try (Desk desk = linked(account, "java-1", simulator.addPhone("+15550100601"));
          Desk other = linked(account, "java-2", simulator.addPhone("+15550100602"))) {
        takeSteps(account, desk, other);
      }
    }
  }

  private static void takeSteps(Client account, Desk desk, Desk other) throws Exception {
    List<String> names = List.of(desk.instance(), other.instance());
    run("instances come in pages", () -> Linking.instancesComeInPages(account, names));
    run("settings are read", () -> Updating.settingsAreRead(desk));
    run("seven settings are changed", () -> Updating.sevenSettingsAreChanged(desk));
    run("a partial failure tells every outcome", () -> Updating.aPartialFailureTellsEveryOutcome(desk));
    run("several are changed at once", () -> Applying.severalInstancesAreChangedAtOnce(desk, other));
    run("a number without a name is told apart", () -> Unknown.aNumberWithoutANameIsToldApart(desk));
    run("a word without a number arrives", () -> Unknown.aWordWithoutANumberArrivesAsItIs(desk));
    run("a phone is watched", () -> Watching.aChangeOfThePhoneIsWatchedUntilCancelled(desk));
    run("the history is followed without a gap", () -> Following.theHistoryIsFollowedWithoutAGap(desk));
    run("a passing failure is retried", () -> Waiting.aPassingFailureIsRetried(other));
    run("a limit says when to call again", () -> Waiting.aLimitSaysWhenToCallAgain(other));
    run("a short deadline tells how far it came", () -> Waiting.aDeadlineThatIsTooShortTellsHowFarItCame(desk));
    run("a long failure arrives with its details", () -> Waiting.aLongFailureArrivesWithItsDetails(desk));
  }

  private static Desk linked(Client account, String name, Simulator.Phone phone) throws Exception {
    return run(name + " is linked", () -> Linking.linkedDesk(account, name, phone));
  }

  private static void run(String what, Step step) throws Exception {
    run(
        what,
        () -> {
          step.take();
          return null;
        });
  }

  /** Prints what has held, or ends the program with what has not. */
  private static <T> T run(String what, Callable<T> step) throws Exception {
    try {
      T result = step.call();
      System.out.println("holds: " + what);
      return result;
    } catch (ContractBroken | StatusRuntimeException error) {
      System.err.println("broken: " + what + ": " + error.getMessage());
      System.exit(1);
      throw error;
    }
  }

  private interface Step {
    void take() throws Exception;
  }
}
