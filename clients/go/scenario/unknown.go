package main

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	waprivacy "waprivacy"
	v1 "waprivacy/v1"
)

// newer stands for a value of a later version of the contract.
const newer = 77

func unknownValues(ctx context.Context, s *scene) {
	// A later service may send a number that this client has no name for. It stays a number, and is not "absent".
	bytes := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), newer)
	visibility := &v1.Visibility{}
	check(proto.Unmarshal(bytes, visibility) == nil, "an unknown number can be read")
	check(visibility.LastSeen != nil && visibility.GetLastSeen() == newer, "and is kept: %v", visibility)
	check(visibility.GetLastSeen().String() == "77", "and has no name: %v", visibility)

	// This service refuses such a number.
	_, err := s.privacy.UpdatePrivacySettings(ctx, &v1.UpdatePrivacySettingsRequest{
		Instance: s.desk.instance, Visibility: visibility,
	})
	mustFail(err, codes.InvalidArgument, v1.ErrorReason_ERROR_REASON_INVALID_REQUEST)

	// A value that WhatsApp has and the contract does not comes word for word.
	s.phones.setOnPhone(s.desk.phoneNumber, "last", "friends_of_friends")
	settings := s.read(ctx, s.desk)
	check(settings.Visibility.LastSeen == nil, "there is no enum value for it")
	check(waprivacy.Reported(settings, "last") == "friends_of_friends", "but its word: %v", settings)
	s.phones.setOnPhone(s.desk.phoneNumber, "last", "all")
}
