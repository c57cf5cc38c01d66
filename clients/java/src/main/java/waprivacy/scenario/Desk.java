package waprivacy.scenario;

/**
 * A linked instance and its phone.
 *
 * @param account with the account token
 * @param token of the instance
 * @param own with that token
 */
record Desk(String instance, Simulator.Phone phone, Client account, String token, Client own)
    implements AutoCloseable {

  @Override
  public void close() {
    own.close();
  }
}
