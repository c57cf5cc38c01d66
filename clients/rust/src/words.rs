use crate::v1::PrivacySettings;

/// WhatsApp's word for a category as the account has it, whether or not this client has a name for the value.
pub fn reported<'a>(settings: &'a PrivacySettings, category: &str) -> Option<&'a str> {
    let reported = settings.categories.iter().find(|reported| reported.category == category)?;
    Some(&reported.value)
}
