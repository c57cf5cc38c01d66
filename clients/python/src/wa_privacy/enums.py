"""Numbers of enums that a newer service may send."""

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper


def name_of(enum: EnumTypeWrapper, number: int) -> str:
    """Its name; the number itself where this client is older than it. `enum.Name` raises ValueError then."""
    try:
        return enum.Name(number)
    except ValueError:
        return str(number)
