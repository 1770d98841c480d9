//! How much memory a process uses.

/// Bytes that are the process's own, without the pages of its executable; `None` where the system
/// does not tell. Linux: `proc(5)`, `/proc/PID/status`.
pub(super) fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_uses_some_memory_and_a_dead_one_none() {
        assert!(super::resident(std::process::id()).is_some_and(|bytes| bytes > 65_536));
        assert_eq!(super::resident(u32::MAX), None);
    }
}
