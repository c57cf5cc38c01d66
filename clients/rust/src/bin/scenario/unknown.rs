use prost::Message;
use tonic::Code;
use wa_privacy_client::{
    reported,
    v1::{ErrorReason, LastSeenVisibility, UpdatePrivacySettingsRequest, Visibility},
};

use crate::{
    Linked, Scene,
    check::{check, must, must_fail},
    updating::read,
};

/// A value of `last_seen` that a later version of the contract may have.
const NEWER: [u8; 2] = [1 << 3, 77];

pub async fn unknown_values(scene: &mut Scene, desk: &Linked) {
    // A later service may send a number that this client has no name for. The field keeps it; the accessor, which has
    // nothing better to say, would make it look like an absent one.
    let visibility = must(Visibility::decode(&NEWER[..]));
    check(visibility.last_seen == Some(77), "an unknown number is kept", visibility);
    check(LastSeenVisibility::try_from(77).is_err(), "and has no name", visibility);
    check(visibility.last_seen() == LastSeenVisibility::Unspecified, "the accessor hides it", visibility);

    // This service refuses such a number.
    let request = UpdatePrivacySettingsRequest {
        instance: desk.instance.clone(),
        visibility: Some(visibility),
        ..Default::default()
    };
    let answer = scene.privacy.update_privacy_settings(request).await;
    must_fail(answer, Code::InvalidArgument, ErrorReason::InvalidRequest);

    // A value that WhatsApp has and the contract does not comes word for word.
    scene.phones.set_on_phone(&desk.phone_number, "last", "friends_of_friends").await;
    let settings = read(scene, desk).await;
    let last_seen = settings.visibility.unwrap_or_default().last_seen;
    check(last_seen.is_none(), "there is no enum value for it", last_seen);
    check(reported(&settings, "last") == Some("friends_of_friends"), "but its word", &settings);
    scene.phones.set_on_phone(&desk.phone_number, "last", "all").await;
}
