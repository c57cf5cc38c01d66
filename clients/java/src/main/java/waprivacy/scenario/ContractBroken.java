package waprivacy.scenario;

/** Something is not as the contract says. */
final class ContractBroken extends RuntimeException {
  private static final long serialVersionUID = 1;

  ContractBroken(String message) {
    super(message);
  }
}
