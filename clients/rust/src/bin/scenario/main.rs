//! Goes through the service with a simulated WhatsApp, and ends with 1 where something is not as the contract says.

mod admission;
mod check;
mod fleet;
mod limits;
mod linking;
mod simulator;
mod unknown;
mod updating;
mod watching;

use std::env;

use wa_privacy_client::{
    Connection, Options, connect,
    v1::{
        instance_service_client::InstanceServiceClient, privacy_service_client::PrivacyServiceClient,
        token_service_client::TokenServiceClient,
    },
};

use crate::{check::must, linking::Linked, simulator::Simulator};

/// What the steps share: the clients of a token for everything.
struct Scene {
    options: Options,
    phones: Simulator,
    instances: InstanceServiceClient<Connection>,
    privacy: PrivacyServiceClient<Connection>,
    tokens: TokenServiceClient<Connection>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let file = |name| env::var_os(name).map(Into::into);
    let options = Options {
        server: must(env::var("WA_PRIVACY_SERVER")),
        token: must(env::var("WA_PRIVACY_TOKEN")),
        ca_file: file("WA_PRIVACY_CA_FILE"),
        identity_files: file("WA_PRIVACY_CERT_FILE").zip(file("WA_PRIVACY_KEY_FILE")),
    };
    let connection = must(connect(&options));
    let scene = &mut Scene {
        options,
        phones: Simulator::at(must(env::var("WA_PRIVACY_SIMULATOR"))),
        instances: InstanceServiceClient::new(connection.clone()),
        privacy: PrivacyServiceClient::new(connection.clone()),
        tokens: TokenServiceClient::new(connection),
    };

    println!("lets in who has what it takes");
    admission::admission(scene).await;
    println!("links phones");
    let (desk, shop) = linking::linking(scene).await;
    println!("reads, and changes seven settings");
    updating::seven_settings(scene, &desk).await;
    println!("tells what became of each setting");
    updating::partial_failure(scene, &desk).await;
    println!("tells how far it came in time");
    updating::deadline(scene, &shop).await;
    println!("watches until it is cancelled");
    watching::watching(scene, &desk).await;
    println!("follows the history without a gap");
    watching::following(scene, &desk).await;
    println!("changes many instances, and says which failed");
    fleet::applying(scene, &desk, &shop).await;
    println!("lists in pages");
    fleet::paging(scene).await;
    println!("says when to call again");
    limits::rate_limit(scene, &shop).await;
    println!("keeps a value that this client has no name for");
    unknown::unknown_values(scene, &desk).await;
    println!("is called again");
    limits::retrying(scene, &desk).await;
}
