// tokio_client COUNT HOST PORT [single]: as libevent_client, on tokio: on a runtime with two
// workers, or on one of the main thread's alone.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

const TICK: Duration = Duration::from_millis(5);
const LEAST_TICKS: usize = 5;

async fn ping(target: (String, u16)) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(target).await?;
    stream.write_all(b"ping\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"ping\n")
}

async fn run(count: usize, target: (String, u16)) {
    let ticks = Arc::new(AtomicUsize::new(0));
    let counted = ticks.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let clients: Vec<_> = (0..count).map(|_| tokio::spawn(ping(target.clone()))).collect();
    let mut good = 0;
    for client in clients {
        match client.await.unwrap() {
            Ok(answered) => good += usize::from(answered),
            Err(error) => eprintln!("{error}"),
        }
    }
    let ticking = ticks.load(Ordering::Relaxed) >= LEAST_TICKS;
    println!("{good} of {count}, {}", if ticking { "ticking" } else { "stalled" });
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (count, port) = (words[0].parse().unwrap(), words[2].parse().unwrap());
    let mut builder = match words.get(3).map(String::as_str) {
        Some("single") => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(count, (words[1].clone(), port)));
}
