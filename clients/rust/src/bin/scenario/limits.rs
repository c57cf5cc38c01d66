use std::time::Duration;

use serde_json::json;
use tonic::{Code, Status};
use wa_privacy_client::{
    Connection, Options, connect, retry,
    v1::{ErrorReason, GetPrivacySettingsRequest, privacy_service_client::PrivacyServiceClient},
};

use crate::{
    Linked, Scene,
    check::{check, must, must_fail},
};

const LIMIT: Duration = Duration::from_secs(20);

/// The token of the instance is enough, and has calls of its own.
pub async fn rate_limit(scene: &Scene, shop: &Linked) {
    let options = Options { token: shop.secret.clone(), ..scene.options.clone() };
    let privacy = PrivacyServiceClient::new(must(connect(&options)));
    let get = async || get(privacy.clone(), shop).await;

    let refused = loop {
        if let Err(status) = get().await {
            break status;
        }
    };
    let failure = must_fail::<()>(Err(refused), Code::ResourceExhausted, ErrorReason::RateLimited);
    check(failure.retry_delay.is_some(), "it is told when to call again", failure);
    must(retry(2 * LIMIT, get).await);
}

pub async fn retrying(scene: &mut Scene, desk: &Linked) {
    let when = json!({ "on": "privacy_get", "phoneNumber": desk.phone_number });
    scene.phones.inject(when, json!({ "do": "refuse", "code": 503 }), json!(1)).await;
    let get = async || get(scene.privacy.clone(), desk).await;
    must(retry(LIMIT, get).await);

    // The next attempt is minutes away: nobody should wait for it, and the details must not be lost over that.
    scene.phones.refuse_clients(&desk.phone_number).await;
    let failure = must_fail(retry(LIMIT, get).await, Code::Unavailable, ErrorReason::ClientOutdated);
    check(failure.retry_delay > Some(LIMIT), "the delay is told all the same", failure);
}

async fn get(mut privacy: PrivacyServiceClient<Connection>, of: &Linked) -> Result<(), Status> {
    let request = GetPrivacySettingsRequest { instance: of.instance.clone(), ..Default::default() };
    privacy.get_privacy_settings(request).await?;
    Ok(())
}
