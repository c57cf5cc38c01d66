use serde_json::{Value, json};

use crate::check::must;

/// The control interface of the simulated WhatsApp: phones, and faults.
pub struct Simulator {
    url: String,
}

impl Simulator {
    pub fn at(url: String) -> Self {
        Self { url }
    }

    pub async fn add_phone(&self, number: &str) {
        self.send("POST", "/phones", json!({ "phoneNumber": number })).await;
    }

    /// Points the phone's camera at a QR code. Not every code links; another one follows then.
    pub async fn scan(&self, number: &str, qr: &str) {
        self.send("POST", &format!("/phones/{number}/scan"), json!({ "qr": qr })).await;
    }

    pub async fn set_on_phone(&self, number: &str, category: &str, value: &str) -> Value {
        self.send("PUT", &format!("/phones/{number}/settings/{category}"), json!({ "value": value })).await
    }

    pub async fn settings_of(&self, number: &str) -> Value {
        self.send("GET", &format!("/phones/{number}"), Value::Null).await["settings"].take()
    }

    /// Makes something go wrong; `times` is a number or "always".
    pub async fn inject(&self, when: Value, effect: Value, times: Value) {
        self.send("POST", "/faults", json!({ "match": when, "effect": effect, "times": times })).await;
    }

    pub async fn clear_faults(&self) {
        self.send("DELETE", "/faults", Value::Null).await;
    }

    /// WhatsApp refuses the version that the service announces, and the phone's connections end.
    pub async fn refuse_clients(&self, number: &str) {
        self.send("PATCH", "/behaviour", json!({ "refuseClients": true })).await;
        self.send("POST", &format!("/phones/{number}/drop"), json!({ "how": "close" })).await;
    }

    async fn send(&self, method: &'static str, path: &str, body: Value) -> Value {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json");
        let content = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = must(request.body(content));
        let answer = tokio::task::spawn_blocking(|| ureq::run(request)?.body_mut().read_json());
        must(must(answer.await))
    }
}
