use std::time::{Duration, Instant};

use tonic::Status;

use crate::Failure;

/// Repeats a call for as long as its error says when to call again, but gives up when that is later than `limit` from
/// now. A call that changes something takes the same `request_id` each time.
pub async fn retry<T>(
    limit: Duration,
    mut call: impl AsyncFnMut() -> Result<T, Status>,
) -> Result<T, Status> {
    let end = Instant::now() + limit;
    loop {
        let answer = call().await;
        let delay = answer.as_ref().err().and_then(|status| Failure::from(status).retry_delay);
        match delay {
            Some(delay) if Instant::now() + delay < end => tokio::time::sleep(delay).await,
            _ => return answer,
        }
    }
}
