package main

import (
	"context"

	"github.com/google/uuid"
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

// Each entry of the history comes once, also when a watch ends between two of them: by the id of the last one.
func following(ctx context.Context, s *scene) {
	newest := must(s.privacy.ListPrivacyChanges(ctx, &v1.ListPrivacyChangesRequest{
		Instance: s.desk.instance,
		PageSize: 1,
	})).Changes[0].Id

	s.phones.setOnPhone(s.desk.phoneNumber, "profile", "all")
	first := s.nextEntry(ctx, newest)
	check(first.Setting == v1.PrivacySetting_PRIVACY_SETTING_PROFILE && first.NewValue == "all", "what the phone did: %v", first)
	check(first.Origin == v1.Origin_ORIGIN_OTHER_DEVICE && first.Actor == nil, "no token did it: %v", first)

	requestID := uuid.NewString() // Nobody watches now.
	must(s.privacy.UpdatePrivacySettings(ctx, &v1.UpdatePrivacySettingsRequest{
		Instance:   s.desk.instance,
		Visibility: &v1.Visibility{Profile: v1.ProfileVisibility_PROFILE_VISIBILITY_CONTACTS.Enum()},
		RequestId:  requestID,
	}))
	second := s.nextEntry(ctx, first.Id)
	check(second.Id > first.Id && second.RequestId == requestID, "the one after it: %v", second)
	check(second.Actor.GetTokenId() != "", "and who did it: %v", second)
}

// nextEntry watches from behind an entry until the next one.
func (s *scene) nextEntry(ctx context.Context, id int64) *v1.PrivacyChange {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := must(s.privacy.WatchPrivacySettings(ctx, &v1.WatchPrivacySettingsRequest{
		Instances:  []string{s.desk.instance},
		StartAfter: &id,
	}))
	for {
		if entry := must(stream.Recv()).GetRecorded(); entry != nil {
			return entry
		}
	}
}
