use wa_privacy_client::v1::{
    Origin, ProfileVisibility, WatchPrivacySettingsRequest, watch_privacy_settings_response::Event,
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
