package waprivacy.client;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;

/**
 * Numbers of enums that a newer service may send. Their getter gives {@code UNRECOGNIZED}, whose
 * {@code getNumber()} throws; the getter that ends with {@code Value} has the number.
 */
public final class Enums {
  private Enums() {}

  /** Its name without the prefix of the enum; the number itself where this client is older than it. */
  public static String nameOf(EnumDescriptor type, int number, String prefix) {
    EnumValueDescriptor value = type.findValueByNumber(number);
    return value == null ? String.valueOf(number) : value.getName().replaceFirst("^" + prefix, "");
  }
}
