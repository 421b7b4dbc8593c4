// rust_dial HOST PORT: connects to an echo server and has it answer.
use std::io::{Read, Write};
use std::net::TcpStream;

fn talk(target: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(target)?;
    let mut answer = [0; 5];
    stream.write_all(b"ping\n")?;
    stream.read_exact(&mut answer)?;
    assert_eq!(&answer, b"ping\n");
    Ok(())
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    match talk(&format!("{}:{}", words[1], words[2])) {
        Ok(()) => println!("ok"),
        Err(error) => println!("{error}"),
    }
}
