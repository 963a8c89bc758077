//! Lets `doctor` ask a running server how its request looks from there, and nobody else: the question carries a MAC under
//! the root key. It reads and writes nothing, so it costs a stranger's guess one MAC and gains it nothing.

use crate::ports::clock::Entropy;
use crate::ports::keys::TokenMac;
use crate::service::Service;
use domain::doctor_probe::DoctorProbe;
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use domain::time::UnixMillis;

/// A fresh probe for a server whose clock says `now`. `None` when there is no key to make it with.
pub fn make(
    macs: &dyn TokenMac,
    entropy: &dyn Entropy,
    namespace: &NamespaceName,
    now: UnixMillis,
) -> Option<SecretText> {
    let mut nonce = [0; 16];
    entropy.fill(&mut nonce);
    let probe = DoctorProbe { key: macs.current_key(), made_at: now, nonce };
    let tag = macs.tag(probe.key, &probe.signed_bytes(namespace))?;
    Some(SecretText::new(probe.encode(&tag)))
}

/// Whether a text is a probe of this namespace, made about now by somebody who has the root key.
pub fn is_genuine(service: &Service, namespace: &NamespaceName, text: &str) -> bool {
    DoctorProbe::decode(text).is_some_and(|(probe, tag)| {
        service.macs.is_genuine(probe.key, &probe.signed_bytes(namespace), &tag)
            && probe.is_fresh(service.clock.now())
    })
}
