use std::{error::Error, fs, path::PathBuf};

use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

/// Which service to connect to, and as whom.
#[derive(Clone, Default)]
pub struct Options {
    /// HOST:PORT.
    pub server: String,
    /// Sent with every call.
    pub token: String,
    /// The CA (PEM) that signed the service's certificate; plaintext without.
    pub ca_file: Option<PathBuf>,
    /// Certificate and key (PEM) of the caller, for mutual TLS.
    pub identity_files: Option<(PathBuf, PathBuf)>,
}

/// What the generated clients take; cheap to clone.
pub type Connection = InterceptedService<Channel, Bearer>;

/// Sends a token with every call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Returns a connection that dials with the first call.
pub fn connect(options: &Options) -> Result<Connection, Box<dyn Error>> {
    let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", options.token).parse()?;
    bearer.set_sensitive(true); // Not compressed with what others send, and not shown by Debug.
    Ok(InterceptedService::new(endpoint(options)?.connect_lazy(), Bearer(bearer)))
}

fn endpoint(options: &Options) -> Result<Endpoint, Box<dyn Error>> {
    let Some(ca_file) = &options.ca_file else {
        return Ok(Endpoint::from_shared(format!("http://{}", options.server))?);
    };
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(fs::read(ca_file)?));
    if let Some((certificate, key)) = &options.identity_files {
        tls = tls.identity(Identity::from_pem(fs::read(certificate)?, fs::read(key)?));
    }
    Ok(Endpoint::from_shared(format!("https://{}", options.server))?.tls_config(tls)?)
}
