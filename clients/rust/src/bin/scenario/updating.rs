use std::time::Duration;

use serde_json::json;
use tonic::{Code, Request};
use uuid::Uuid;
use wa_privacy_client::{
    Failure,
    v1::{
        CallAddPermission, ErrorReason, GetPrivacySettingsRequest, GroupAddPermission, LastSeenVisibility,
        OnlineVisibility, Permissions, Privacy, PrivacySettings, ProfileVisibility, ReadReceiptsMode,
        StatusVisibility, UpdatePrivacySettingsRequest, Visibility,
    },
};

use crate::{
    Linked, Scene,
    check::{check, must, must_fail, told},
};

pub async fn seven_settings(scene: &mut Scene, desk: &Linked) {
    let before = read(scene, desk).await;
    let last_seen = before.visibility.unwrap_or_default().last_seen();
    check(last_seen == LastSeenVisibility::All, "a new phone shows all", last_seen);

    let request = UpdatePrivacySettingsRequest {
        instance: desk.instance.clone(),
        visibility: Some(Visibility {
            last_seen: Some(LastSeenVisibility::Contacts.into()),
            status: Some(StatusVisibility::Contacts.into()),
            profile: Some(ProfileVisibility::None.into()),
            online: Some(OnlineVisibility::MatchLastSeen.into()),
        }),
        privacy: Some(Privacy { read_receipts: Some(ReadReceiptsMode::None.into()), ..Default::default() }),
        permissions: Some(Permissions {
            call_add: Some(CallAddPermission::Known.into()),
            group_add: Some(GroupAddPermission::Contacts.into()),
            ..Default::default()
        }),
        etag: before.etag.clone(),
        ..Default::default()
    };
    let answer = must(scene.privacy.update_privacy_settings(request).await).into_inner();
    let applied = "LAST_SEEN APPLIED, STATUS APPLIED, PROFILE APPLIED, ONLINE APPLIED, \
                   READ_RECEIPTS APPLIED, CALL_ADD APPLIED, GROUP_ADD APPLIED";
    check(told(&answer.outcomes) == applied, "all seven are applied", told(&answer.outcomes));
    let etag = answer.settings.unwrap_or_default().etag;
    check(etag != before.etag, "other settings have another etag", etag);
    let on_phone = scene.phones.settings_of(&desk.phone_number).await;
    check(
        on_phone["last"] == "contacts" && on_phone["groupadd"] == "contacts",
        "the phone has them",
        on_phone,
    );
}

/// The first of two narrowings is made, the second refused, so nothing is widened.
pub async fn partial_failure(scene: &mut Scene, desk: &Linked) {
    let when = json!({ "on": "privacy_set", "category": "status", "phoneNumber": desk.phone_number });
    let effect = json!({ "do": "refuse_category", "code": 403, "text": "forbidden" });
    scene.phones.inject(when, effect, json!(1)).await;
    let request = UpdatePrivacySettingsRequest {
        instance: desk.instance.clone(),
        visibility: Some(Visibility {
            last_seen: Some(LastSeenVisibility::None.into()),
            status: Some(StatusVisibility::None.into()),
            profile: Some(ProfileVisibility::All.into()),
            online: Some(OnlineVisibility::MatchLastSeen.into()),
        }),
        ..Default::default()
    };
    let answer = scene.privacy.update_privacy_settings(request).await;
    let failure = must_fail(answer, Code::Aborted, ErrorReason::PartialUpdate);
    let outcomes = "LAST_SEEN APPLIED, STATUS FAILED, PROFILE NOT_ATTEMPTED, ONLINE UNCHANGED";
    check(told(&failure.outcomes) == outcomes, "every outcome is told", told(&failure.outcomes));
    let refused = &failure.outcomes[1];
    let why = (refused.reason(), refused.whatsapp_code);
    check(why == (ErrorReason::WhatsappRejected, 403), "and why", refused);
    let profile = failure.settings.and_then(|settings| settings.visibility).unwrap_or_default().profile();
    check(profile == ProfileVisibility::None, "and the settings as they are", profile);
}

/// A deadline may end on the way before the answer comes; then this is seen in another round.
pub async fn deadline(scene: &mut Scene, shop: &Linked) {
    for profile in [ProfileVisibility::Contacts, ProfileVisibility::None].repeat(5) {
        for what in ["privacy_set", "privacy_get"] {
            let when = json!({ "on": what, "phoneNumber": shop.phone_number });
            scene.phones.inject(when, json!({ "do": "silence" }), json!("always")).await;
        }
        let request = UpdatePrivacySettingsRequest {
            instance: shop.instance.clone(),
            visibility: Some(Visibility { profile: Some(profile.into()), ..Default::default() }),
            request_id: Uuid::new_v4().to_string(),
            ..Default::default()
        };
        let mut short = Request::new(request.clone());
        short.set_timeout(Duration::from_secs(2));
        let answer = scene.privacy.update_privacy_settings(short).await;
        scene.phones.clear_faults().await;
        if !answer.as_ref().is_err_and(|status| Failure::from(status).reason_text.is_empty()) {
            let failure = must_fail(answer, Code::DeadlineExceeded, ErrorReason::DeadlineTooShort);
            let outcomes = told(&failure.outcomes);
            let is_told = ["PROFILE UNKNOWN", "PROFILE NOT_ATTEMPTED"].contains(&outcomes.as_str());
            return check(is_told, "how far it came", outcomes);
        }
        // The answer was lost. The same request_id gets it, and changes nothing twice.
        if let Err(status) = scene.privacy.update_privacy_settings(request).await {
            let failure = Failure::from(&status);
            check(!failure.reason_text.is_empty(), "how it ended", failure);
        }
    }
    check(false, "no answer came in time", ());
}

pub async fn read(scene: &mut Scene, of: &Linked) -> PrivacySettings {
    let request = GetPrivacySettingsRequest { instance: of.instance.clone(), ..Default::default() };
    must(scene.privacy.get_privacy_settings(request).await).into_inner().settings.unwrap_or_default()
}
