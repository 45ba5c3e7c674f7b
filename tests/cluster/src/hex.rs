//! Bytes as hexadecimal digits, as digests and tokens are written.

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
