//! glibc's allocator, told to give large buffers back.

/// glibc's own first value for it.
#[cfg(target_env = "gnu")]
const MMAP_THRESHOLD: libc::c_int = 128 << 10;

/// Makes every large buffer a mapping that ends when it is freed; to be called first in main.
///
/// Left alone, glibc raises the threshold to the largest buffer it ever freed and keeps the next
/// ones: after one rush of large reviews the process would stay at its peak for good.
#[cfg(target_env = "gnu")]
#[allow(
    unsafe_code,
    reason = "mallopt is a C function, and the alternative is another allocator"
)]
pub fn return_large_buffers() {
    // SAFETY: it takes two integers and, called before there are other threads, races with nobody.
    // If it does not take them, nothing has changed.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD) };
}

#[cfg(not(target_env = "gnu"))]
pub fn return_large_buffers() {}
