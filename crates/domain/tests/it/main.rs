//! Property tests of the values and rules: what holds for every input, and corpora of hostile ones.

#[cfg(test)]
mod choosing;
#[cfg(test)]
mod email_addresses;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod small_values;
