package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	waprivacy "waprivacy"
	v1 "waprivacy/v1"
)

func sevenSettings(ctx context.Context, s *scene) {
	before := s.read(ctx, s.desk)
	check(before.Visibility.GetLastSeen() == v1.LastSeenVisibility_LAST_SEEN_VISIBILITY_ALL, "a new phone shows all: %v", before)

	answer := must(s.privacy.UpdatePrivacySettings(ctx, &v1.UpdatePrivacySettingsRequest{
		Instance: s.desk.instance,
		Visibility: &v1.Visibility{
			LastSeen: v1.LastSeenVisibility_LAST_SEEN_VISIBILITY_CONTACTS.Enum(),
			Status:   v1.StatusVisibility_STATUS_VISIBILITY_CONTACTS.Enum(),
			Profile:  v1.ProfileVisibility_PROFILE_VISIBILITY_NONE.Enum(),
			Online:   v1.OnlineVisibility_ONLINE_VISIBILITY_MATCH_LAST_SEEN.Enum(),
		},
		Privacy: &v1.Privacy{ReadReceipts: v1.ReadReceiptsMode_READ_RECEIPTS_MODE_NONE.Enum()},
		Permissions: &v1.Permissions{
			CallAdd:  v1.CallAddPermission_CALL_ADD_PERMISSION_KNOWN.Enum(),
			GroupAdd: v1.GroupAddPermission_GROUP_ADD_PERMISSION_CONTACTS.Enum(),
		},
		Etag: before.Etag,
	}))
	applied := "LAST_SEEN APPLIED, STATUS APPLIED, PROFILE APPLIED, ONLINE APPLIED, READ_RECEIPTS APPLIED, " +
		"CALL_ADD APPLIED, GROUP_ADD APPLIED"
	check(told(answer.Outcomes) == applied, "all seven are applied: %s", told(answer.Outcomes))
	asked := waprivacy.WireValue(v1.OnlineVisibility_ONLINE_VISIBILITY_MATCH_LAST_SEEN)
	check(answer.Outcomes[3].RequestedValue == asked, "outcomes have WhatsApp's words, which enums tell: %v", answer.Outcomes[3])
	check(answer.Settings.Etag != before.Etag, "other settings have another etag")
	onPhone := s.phones.settingsOf(s.desk.phoneNumber)
	check(onPhone["last"] == "contacts" && onPhone["groupadd"] == "contacts", "the phone has them: %v", onPhone)
}

// The first of two narrowings is made, the second refused, so nothing is widened.
func partialFailure(ctx context.Context, s *scene) {
	s.phones.inject(
		object{"on": "privacy_set", "category": "status", "phoneNumber": s.desk.phoneNumber},
		object{"do": "refuse_category", "code": 403, "text": "forbidden"}, 1)
	_, err := s.privacy.UpdatePrivacySettings(ctx, &v1.UpdatePrivacySettingsRequest{
		Instance: s.desk.instance,
		Visibility: &v1.Visibility{
			LastSeen: v1.LastSeenVisibility_LAST_SEEN_VISIBILITY_NONE.Enum(),
			Status:   v1.StatusVisibility_STATUS_VISIBILITY_NONE.Enum(),
			Profile:  v1.ProfileVisibility_PROFILE_VISIBILITY_ALL.Enum(),
			Online:   v1.OnlineVisibility_ONLINE_VISIBILITY_MATCH_LAST_SEEN.Enum(),
		},
	})
	failure := mustFail(err, codes.Aborted, v1.ErrorReason_ERROR_REASON_PARTIAL_UPDATE)
	outcomes := "LAST_SEEN APPLIED, STATUS FAILED, PROFILE NOT_ATTEMPTED, ONLINE UNCHANGED"
	check(told(failure.Outcomes) == outcomes, "every outcome is told: %s", told(failure.Outcomes))
	refused := failure.Outcomes[1]
	check(refused.Reason == v1.ErrorReason_ERROR_REASON_WHATSAPP_REJECTED && refused.WhatsappCode == 403, "and why: %v", refused)
	check(failure.Settings.GetVisibility().GetProfile() == v1.ProfileVisibility_PROFILE_VISIBILITY_NONE,
		"and the settings as they are: %v", failure.Settings)
}

// A deadline may end on the way before the answer comes; then this is seen in another round.
func deadline(ctx context.Context, s *scene) {
	for round := range 10 {
		for _, what := range []string{"privacy_set", "privacy_get"} {
			s.phones.inject(object{"on": what, "phoneNumber": s.shop.phoneNumber}, object{"do": "silence"}, "always")
		}
		profile := []v1.ProfileVisibility{v1.ProfileVisibility_PROFILE_VISIBILITY_CONTACTS, v1.ProfileVisibility_PROFILE_VISIBILITY_NONE}
		request := &v1.UpdatePrivacySettingsRequest{
			Instance:   s.shop.instance,
			Visibility: &v1.Visibility{Profile: profile[round%2].Enum()},
			RequestId:  uuid.NewString(),
		}
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := s.privacy.UpdatePrivacySettings(short, request)
		cancel()
		s.phones.clearFaults()
		if waprivacy.FailureOf(err).ReasonText != "" {
			failure := mustFail(err, codes.DeadlineExceeded, v1.ErrorReason_ERROR_REASON_DEADLINE_TOO_SHORT)
			outcomes := told(failure.Outcomes)
			check(outcomes == "PROFILE UNKNOWN" || outcomes == "PROFILE NOT_ATTEMPTED", "how far it came: %s", outcomes)
			return
		}
		// The answer was lost. The same request_id gets it, and changes nothing twice.
		_, err = s.privacy.UpdatePrivacySettings(ctx, request)
		check(err == nil || waprivacy.FailureOf(err).ReasonText != "", "how it ended: %v", err)
	}
	check(false, "no answer came in time")
}

func (s *scene) read(ctx context.Context, of linked) *v1.PrivacySettings {
	return must(s.privacy.GetPrivacySettings(ctx, &v1.GetPrivacySettingsRequest{Instance: of.instance})).Settings
}
