//! Generates the client from the contract. protox is protoc in Rust, so that nothing need be installed.

use std::{error::Error, fs, path::Path};

const PROTO: &str = "../../proto";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(PROTO).join("whatsapp/privacy/v1");
    println!("cargo:rerun-if-changed={PROTO}");
    let files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    let descriptors = protox::compile(files, [PROTO, &format!("{PROTO}/third_party")])?;
    tonic_prost_build::configure()
        .build_server(false)
        .extern_path(".google.rpc", "::tonic_types::pb")
        .compile_fds(descriptors)?;
    Ok(())
}
