use uuid::Uuid;
use wa_privacy_client::v1::{
    ListPrivacyChangesRequest, Origin, PrivacyChange, PrivacySetting, ProfileVisibility,
    UpdatePrivacySettingsRequest, Visibility, WatchPrivacySettingsRequest,
    watch_privacy_settings_response::Event,
};

use crate::{
    Linked, Scene,
    check::{check, must},
};

pub async fn watching(scene: &mut Scene, desk: &Linked) {
    let request =
        WatchPrivacySettingsRequest { instances: vec![desk.instance.clone()], ..Default::default() };
    let mut stream = must(scene.privacy.watch_privacy_settings(request).await).into_inner();
    let first = must(stream.message().await).and_then(|message| message.event);
    check(matches!(first, Some(Event::Snapshot(_))), "the settings as they are come first", first);

    scene.phones.set_on_phone(&desk.phone_number, "profile", "contacts").await;
    let change = loop {
        let message = must(stream.message().await);
        check(message.is_some(), "a watch goes on", &message);
        if let Some(Event::Change(change)) = message.and_then(|message| message.event) {
            break change;
        }
    };
    check(change.origin() == Origin::OtherDevice, "the phone made it", &change);
    let profile = change.settings.and_then(|settings| settings.visibility).unwrap_or_default().profile();
    check(profile == ProfileVisibility::Contacts, "the change", profile);
    drop(stream); // Cancels the call.
}

/// Each entry of the history comes once, also when a watch ends between two of them: by the id of the last one.
pub async fn following(scene: &mut Scene, desk: &Linked) {
    let newest =
        ListPrivacyChangesRequest { instance: desk.instance.clone(), page_size: 1, ..Default::default() };
    let page = must(scene.privacy.list_privacy_changes(newest).await).into_inner();

    scene.phones.set_on_phone(&desk.phone_number, "profile", "all").await;
    let first = next_entry(scene, desk, page.changes[0].id).await;
    let made = (first.setting(), first.new_value.as_str());
    check(made == (PrivacySetting::Profile, "all"), "what the phone did", &first);
    check(first.origin() == Origin::OtherDevice && first.actor.is_none(), "no token did it", &first);

    let request = UpdatePrivacySettingsRequest {
        instance: desk.instance.clone(),
        visibility: Some(Visibility {
            profile: Some(ProfileVisibility::Contacts.into()),
            ..Default::default()
        }),
        request_id: Uuid::new_v4().to_string(),
        ..Default::default()
    };
    must(scene.privacy.update_privacy_settings(request.clone()).await); // Nobody watches now.
    let second = next_entry(scene, desk, first.id).await;
    check(second.id > first.id && second.request_id == request.request_id, "the one after it", &second);
    check(second.actor.is_some(), "and who did it", &second);
}

/// Watches from behind an entry until the next one.
async fn next_entry(scene: &mut Scene, of: &Linked, id: i64) -> PrivacyChange {
    let request = WatchPrivacySettingsRequest {
        instances: vec![of.instance.clone()],
        start_after: Some(id),
        ..Default::default()
    };
    let mut stream = must(scene.privacy.watch_privacy_settings(request).await).into_inner();
    loop {
        let message = must(stream.message().await);
        check(message.is_some(), "a watch goes on", &message);
        if let Some(Event::Recorded(entry)) = message.and_then(|message| message.event) {
            return entry;
        }
    }
}
