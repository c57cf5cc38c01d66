use tonic::{Code, Status};
use wa_privacy_client::{
    Failure, Options, connect,
    v1::{
        CreateTokenRequest, ErrorReason, ListInstancesRequest,
        instance_service_client::InstanceServiceClient,
        token::{Access, Kind},
    },
};

use crate::{
    Scene,
    check::{check, must, must_fail},
};

/// The common name of the caller's certificate.
const CERTIFICATE_SUBJECT: &str = "desk.example.com";

pub async fn admission(scene: &mut Scene) {
    let stranger = Options { token: "wap_unknown".into(), ..scene.options.clone() };
    must_fail(list_as(&stranger).await, Code::Unauthenticated, ErrorReason::TokenInvalid);
    if scene.options.identity_files.is_some() {
        mutual_tls(scene).await;
    }
}

async fn mutual_tls(scene: &mut Scene) {
    let anonymous = Options { identity_files: None, ..scene.options.clone() };
    // The server ends the connection; tonic says Unavailable or Unknown, as the end meets the call.
    let refused = list_as(&anonymous).await.err().map(|status| Failure::from(&status));
    let is_refused = refused.as_ref().is_some_and(|failure| failure.reason_text.is_empty());
    check(is_refused, "nobody gets in without a certificate", refused);

    let bound = Options { token: bound_token(scene, CERTIFICATE_SUBJECT).await, ..scene.options.clone() };
    must(list_as(&bound).await);
    let other = Options { token: bound_token(scene, "another.example.com").await, ..scene.options.clone() };
    must_fail(list_as(&other).await, Code::Unauthenticated, ErrorReason::CertificateMismatch);
}

async fn bound_token(scene: &mut Scene, subject: &str) -> String {
    let request = CreateTokenRequest {
        kind: Kind::Account.into(),
        access: Access::ReadOnly.into(),
        certificate_subject: subject.into(),
        ..Default::default()
    };
    must(scene.tokens.create_token(request).await).into_inner().secret
}

async fn list_as(options: &Options) -> Result<(), Status> {
    let mut instances = InstanceServiceClient::new(must(connect(options)));
    instances.list_instances(ListInstancesRequest::default()).await?;
    Ok(())
}
