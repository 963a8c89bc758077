//! Password hashing: Argon2id on threads and memory of its own, sealed with the pepper key.
//!
//! What is stored is a PHC string (Argon2id version 19, 16-byte salt, 32-byte output), sealed and bound to
//! its namespace and user. Hashes made elsewhere (Argon2id with other parameters, bcrypt) verify too and are
//! replaced when their owner signs in. A password is never shortened, and a stored value that cannot be used
//! costs the same work as one that can.

mod argon2_memory;
mod counts;
mod hashing;
mod parameters;
mod pool;
mod sealed_password;
mod stored_hash;
mod work_queue;

pub use counts::HashingCounts;
pub use parameters::{
    BCRYPT_COST_MAX, HASH_LANES_MAX, HASH_MEMORY_KIB_MAX, HASH_MEMORY_KIB_MIN, HASH_PASSES_MAX,
    HASH_WORK_MIN, HashingParameters, ParametersRejected,
};
pub use pool::{HashingOptions, HashingPool, QUEUE_MAX_DEFAULT, QUEUE_WAIT_MAX_DEFAULT};
