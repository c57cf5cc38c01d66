package waprivacy

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	v1 "waprivacy/v1"
)

// WireValue returns WhatsApp's word for a value of an enum, as outcomes and changes have it; empty for a number that
// this client has no name for.
func WireValue(value protoreflect.Enum) string {
	known := value.Descriptor().Values().ByNumber(value.Number())
	if known == nil {
		return ""
	}
	return proto.GetExtension(known.Options(), v1.E_WireValue).(string)
}

// Reported returns WhatsApp's word for a category as the account has it, whether or not this client has a name for the
// value; empty when it was not reported.
func Reported(settings *v1.PrivacySettings, category string) string {
	for _, reported := range settings.GetCategories() {
		if reported.Category == category {
			return reported.Value
		}
	}
	return ""
}
