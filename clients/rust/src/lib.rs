//! What a Rust program needs beside the generated code: a connection, and the details of an error.

mod connect;
mod failure;
mod retry;
mod words;

pub use connect::{Bearer, Connection, Options, connect};
pub use failure::Failure;
pub use retry::retry;
pub use words::reported;

/// The generated code; its comments are those of the contract.
#[allow(clippy::all)]
pub mod v1 {
    tonic::include_proto!("whatsapp.privacy.v1");
}
