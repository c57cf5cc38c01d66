use std::{collections::HashMap, time::Duration};

use prost::Message;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::v1::{ErrorReason, PrivacyApplyFailure, PrivacySettings, PrivacyUpdateFailure, SettingOutcome};

const DOMAIN: &str = "wa-privacy";

/// What an error says about itself.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    /// Unspecified when the service did not answer, as when a deadline ended on the way, and for a reason that this
    /// client is too old to know: then go by `code` and `reason_text`.
    pub reason: ErrorReason,
    pub reason_text: String,
    pub metadata: HashMap<String, String>,
    /// When to call again.
    pub retry_delay: Option<Duration>,
    /// What became of each setting of an update; none of other errors.
    pub outcomes: Vec<SettingOutcome>,
    /// The settings read back after a failed update.
    pub settings: Option<PrivacySettings>,
    /// Which instances failed, when ApplyPrivacySettings did.
    pub apply: Option<PrivacyApplyFailure>,
}

impl From<&Status> for Failure {
    fn from(status: &Status) -> Self {
        let details = pb::Status::decode(status.details()).unwrap_or_default();
        Self { code: status.code(), message: status.message().into(), ..Self::from(&details) }
    }
}

/// A status inside a message, as of a single instance.
impl From<&pb::Status> for Failure {
    fn from(status: &pb::Status) -> Self {
        let info: pb::ErrorInfo = detail(status, "google.rpc.ErrorInfo").unwrap_or_default();
        let update: PrivacyUpdateFailure =
            detail(status, "whatsapp.privacy.v1.PrivacyUpdateFailure").unwrap_or_default();
        let reason = if info.domain == DOMAIN { info.reason } else { String::new() };
        Self {
            code: Code::from_i32(status.code),
            message: status.message.clone(),
            reason: ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")).unwrap_or_default(),
            reason_text: reason,
            metadata: info.metadata,
            retry_delay: detail(status, "google.rpc.RetryInfo")
                .and_then(|retry: pb::RetryInfo| retry.retry_delay?.try_into().ok()),
            outcomes: update.outcomes,
            settings: update.settings,
            apply: detail(status, "whatsapp.privacy.v1.PrivacyApplyFailure"),
        }
    }
}

fn detail<T: Message + Default>(status: &pb::Status, name: &str) -> Option<T> {
    let any = status.details.iter().find(|any| any.type_url.rsplit('/').next() == Some(name))?;
    T::decode(any.value.as_slice()).ok()
}
