use std::fmt::Debug;

use tonic::{Code, Status};
use wa_privacy_client::{
    Failure,
    v1::{ErrorReason, PrivacySetting, SettingOutcome, setting_outcome::State},
};

/// Ends the program where something is not as the contract says.
pub fn check(is_so: bool, told: &str, seen: impl Debug) {
    if !is_so {
        println!("NOT AS THE CONTRACT SAYS: {told}: {seen:?}");
        std::process::exit(1);
    }
}

/// For what has to go well.
pub fn must<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        check(false, "no error", error);
        unreachable!()
    })
}

/// What the error of a call says that has to fail like this.
pub fn must_fail<T>(result: Result<T, Status>, code: Code, reason: ErrorReason) -> Failure {
    let failure = Failure::from(&result.err().unwrap_or_else(|| Status::ok("")));
    check(
        (failure.code, failure.reason) == (code, reason),
        &format!("{code:?} {}", reason.as_str_name()),
        &failure,
    );
    failure
}

/// Each outcome in short: `LAST_SEEN APPLIED, GROUP_ADD FAILED`. A number without a name, of a later version of the
/// contract, is told as it is: the accessors `setting()` and `state()` would say "unspecified".
pub fn told(outcomes: &[SettingOutcome]) -> String {
    let words = outcomes.iter().map(|outcome| {
        let setting = PrivacySetting::try_from(outcome.setting).map_or(outcome.setting.to_string(), short);
        let state = State::try_from(outcome.state).map_or(outcome.state.to_string(), |state| {
            state.as_str_name().trim_start_matches("STATE_").into()
        });
        format!("{setting} {state}")
    });
    words.collect::<Vec<_>>().join(", ")
}

fn short(setting: PrivacySetting) -> String {
    setting.as_str_name().trim_start_matches("PRIVACY_SETTING_").into()
}
