package main

import (
	"context"

	"google.golang.org/grpc/codes"

	waprivacy "waprivacy"
	v1 "waprivacy/v1"
)

func watching(ctx context.Context, s *scene) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := must(s.privacy.WatchPrivacySettings(ctx, &v1.WatchPrivacySettingsRequest{Instances: []string{s.desk.instance}}))
	first := must(stream.Recv())
	check(first.GetSnapshot() != nil, "the settings as they are come first: %v", first)

	s.phones.setOnPhone(s.desk.phoneNumber, "profile", "contacts")
	change := nextChange(stream)
	check(change.Origin == v1.Origin_ORIGIN_OTHER_DEVICE, "the phone made it: %v", change)
	check(change.Settings.Visibility.GetProfile() == v1.ProfileVisibility_PROFILE_VISIBILITY_CONTACTS, "the change: %v", change)

	cancel()
	for {
		_, err := stream.Recv() // What was on its way still comes.
		if err != nil {
			check(waprivacy.FailureOf(err).Code == codes.Canceled, "a watch that is cancelled ends so: %v", err)
			return
		}
	}
}

func nextChange(stream v1.PrivacyService_WatchPrivacySettingsClient) *v1.WatchPrivacySettingsResponse_Change {
	for {
		if change := must(stream.Recv()).GetChange(); change != nil {
			return change
		}
	}
}
