//! Ports for stacks that are started again where they were.

/// A port whose next one is free too, and stays so between two starts: below those that the system
/// gives to clients, and by this process's number, because each test has a process of its own.
pub(crate) fn free() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 2_500).unwrap() * 4;
    let is_free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut ports = (first..32_000).step_by(4);
    ports.find(|port| is_free(*port) && is_free(port + 1)).unwrap()
}
