// NettyClient COUNT HOST PORT: as NioClient, with Netty's native epoll transport where it has one
// for this machine: connects on one event loop thread while others wait in epoll_wait.
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

public class NettyClient {
  private static final int TICK_MS = 5;

  public static void main(String[] arguments) throws Exception {
    int count = Integer.parseInt(arguments[0]);
    AtomicInteger good = new AtomicInteger(), ticks = new AtomicInteger();
    CountDownLatch ended = new CountDownLatch(count);
    EventLoopGroup group =
        Epoll.isAvailable() ? new EpollEventLoopGroup(2) : new NioEventLoopGroup(2);
    Class<? extends SocketChannel> kind =
        Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class;
    group.forEach(loop -> loop.scheduleAtFixedRate(
        ticks::incrementAndGet, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS));
    for (int i = 0; i < count; ++i) {
      new Bootstrap().group(group).channel(kind)
          .handler(new ChannelInboundHandlerAdapter() {
            @Override public void channelActive(ChannelHandlerContext context) {
              context.writeAndFlush(Unpooled.copiedBuffer("ping\n", StandardCharsets.US_ASCII));
            }
            @Override public void channelRead(ChannelHandlerContext context, Object message) {
              String text = ((ByteBuf) message).toString(StandardCharsets.US_ASCII);
              good.addAndGet(text.equals("ping\n") ? 1 : 0);
              context.close();
            }
            @Override public void channelInactive(ChannelHandlerContext context) {
              ended.countDown();
            }
          })
          .connect(arguments[1], Integer.parseInt(arguments[2]))
          .addListener(future -> {
            if (!future.isSuccess()) {
              ended.countDown();
            }
          });
    }
    ended.await(20, TimeUnit.SECONDS);
    System.out.println(
        good + " of " + count + ", " + (ticks.get() >= 5 ? "ticking" : "stalled"));
    System.exit(0);
  }
}
