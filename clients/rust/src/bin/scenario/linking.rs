use tonic::Code;
use uuid::Uuid;
use wa_privacy_client::v1::{
    CreateInstanceRequest, ErrorReason, GetPrivacySettingsRequest, Instance, LinkInstanceRequest,
    link_instance_request::{Method, Qr},
    link_instance_response::Event,
};

use crate::{
    Scene,
    check::{check, must, must_fail},
};

/// An instance with a phone; the secret covers this instance and nothing else.
pub struct Linked {
    pub instance: String,
    pub phone_number: String,
    pub secret: String,
}

pub async fn linking(scene: &mut Scene) -> (Linked, Linked) {
    let desk = link(scene, "desk", "15550100501").await;
    let shop = link(scene, "shop", "15550100502").await;

    create(scene, "spare").await;
    let request = GetPrivacySettingsRequest { instance: "spare".into(), ..Default::default() };
    let read = scene.privacy.get_privacy_settings(request).await;
    must_fail(read, Code::FailedPrecondition, ErrorReason::InstanceNotLinked);
    let again = CreateInstanceRequest { name: "spare".into(), ..Default::default() };
    let made = scene.instances.create_instance(again).await;
    must_fail(made, Code::AlreadyExists, ErrorReason::InstanceAlreadyExists);
    (desk, shop)
}

/// With its request_id it could be repeated after a lost answer.
async fn create(scene: &mut Scene, name: &str) -> String {
    let request_id = Uuid::new_v4().to_string();
    let request = CreateInstanceRequest { name: name.into(), request_id, ..Default::default() };
    let made = must(scene.instances.create_instance(request).await).into_inner();
    check(made.secret.starts_with("wap_"), "a new instance comes with the secret of its token", made.token);
    made.secret
}

async fn link(scene: &mut Scene, name: &str, phone_number: &str) -> Linked {
    scene.phones.add_phone(phone_number).await;
    let secret = create(scene, name).await;
    let method = Some(Method::Qr(Qr {}));
    let request = LinkInstanceRequest { instance: name.into(), method, ..Default::default() };
    let mut stream = must(scene.instances.link_instance(request).await).into_inner();
    let mut linked = Instance::default();
    while let Some(message) = must(stream.message().await) {
        match message.event {
            // Draw each as it comes; as a rule not the first one links.
            Some(Event::QrCode(code)) => scene.phones.scan(phone_number, &code.payload).await,
            Some(Event::Linked(instance)) => linked = instance,
            _ => {}
        }
    }
    check(linked.masked_phone_number.ends_with(&phone_number[7..]), "the phone is linked", linked);
    Linked { instance: name.into(), phone_number: phone_number.into(), secret }
}
