// NioClient COUNT HOST PORT: as libevent_client, with a Selector: one thread waits in select() while
// another connects and registers.
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ConcurrentLinkedQueue;

public class NioClient {
  private static final int TICK_MS = 5;
  private static int good, ended, ticks;

  private static void serve(SelectionKey key) throws java.io.IOException {
    SocketChannel channel = (SocketChannel) key.channel();
    if (key.isConnectable() && channel.finishConnect()) {
      channel.write(ByteBuffer.wrap("ping\n".getBytes()));
      key.interestOps(SelectionKey.OP_READ);
    } else if (key.isReadable()) {
      ByteBuffer answer = ByteBuffer.allocate(16);
      channel.read(answer);
      good += new String(answer.array(), 0, answer.position()).equals("ping\n") ? 1 : 0;
      ++ended;
      channel.close();
    }
  }

  public static void main(String[] arguments) throws Exception {
    int count = Integer.parseInt(arguments[0]);
    InetSocketAddress target =
        new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2]));
    Selector selector = Selector.open();
    ConcurrentLinkedQueue<SocketChannel> opened = new ConcurrentLinkedQueue<>();
    Thread dialler = new Thread(() -> {
      try {
        for (int i = 0; i < count; ++i) {
          SocketChannel channel = SocketChannel.open();
          channel.configureBlocking(false);
          channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
          channel.connect(target);
          opened.add(channel);
          selector.wakeup();
        }
      } catch (java.io.IOException error) {
        System.out.println(error);
        System.exit(1);
      }
    });
    dialler.start();
    long last = System.nanoTime();
    while (ended < count) {
      selector.select(TICK_MS);
      for (SocketChannel channel; (channel = opened.poll()) != null;) {
        channel.register(selector, SelectionKey.OP_CONNECT);
      }
      for (SelectionKey key : selector.selectedKeys()) {
        try {
          serve(key);
        } catch (java.io.IOException error) {
          ++ended;
          key.channel().close();
        }
      }
      selector.selectedKeys().clear();
      if (System.nanoTime() - last >= TICK_MS * 1000000L) {
        last = System.nanoTime();
        ++ticks;
      }
    }
    System.out.println(good + " of " + count + ", " + (ticks >= 5 ? "ticking" : "stalled"));
  }
}
