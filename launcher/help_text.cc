#include "options.h"

namespace launcher {

std::string HelpText() {
  return R"(Usage: gochain [OPTION...] [--] COMMAND [ARG...]
       gochain [OPTION...] --explain [HOST[:PORT]...]
       gochain --import FILE
       gochain [OPTION...] --env SYNTAX
       gochain [OPTION...] --listen ADDR

Runs COMMAND, and all that COMMAND starts, so that each of its network connections follows the
rules: straight out, refused, or through a chain of SOCKS and HTTP proxies.

  gochain -p socks5://127.0.0.1:1080 go mod download
  gochain -p http://proxy.corp.example:8080 -p socks5://10.1.2.3:1080 git clone URL
  gochain -f corp.conf --explain proxy.golang.org git.corp.example:22

Options; everything from the first argument that is none belongs to COMMAND:
  -f, --config FILE        the rules file
  -p, --proxy URL          a proxy; repeat it for a chain, the nearest first
      --mode MODE          auto (default) | preload | supervise | env: COMMAND is only told of a
                           proxy, by HTTP_PROXY and its like, for where nothing else can be had
  -v, --verbose            log connections that work too; -vv for debugging
  -q, --quiet              log no failed connections; -qq for nothing at all
      --log-format FORMAT  text (default) | json, one object a line
      --log-file FILE      append the log to FILE instead of standard error
      --keep-proxy-env     leave HTTP_PROXY and its like to COMMAND
      --explain            say which rule decides about each HOST[:PORT], without any traffic;
                           without a HOST, say which rules and proxies are of no use
      --import FILE        translate a proxychains.conf to a rules file on standard output
      --env SYNTAX         print the variables with which a job is routed that never types gochain,
                           for sh, fish, github, gitlab or dotenv
      --listen ADDR        be a SOCKS and HTTP proxy that obeys the rules, for IDEs and browsers,
                           until a signal ends it; ADDR is [HOST:]PORT, HOST else 127.0.0.1
      --version
      --help

Proxy URLs: socks5://[USER:PASSWORD@]HOST[:PORT], socks5h:// (the same), http://; HOST:PORT is http.
The proxies resolve host names. Default ports: 1080 (socks5), 8080 (http).

Where the proxies come from, first of:
  -p                       with the rules of a file that -f or GOCHAIN_CONF names
  GOCHAIN_PROXY            the same; URLs separated by commas
  a rules file             -f, GOCHAIN_CONF, $XDG_CONFIG_HOME/gochain/gochain.conf,
                           /etc/gochain.conf; never one of the current folder
  ALL_PROXY, HTTPS_PROXY   in either case, with NO_PROXY

Environment; options win:
  GOCHAIN_CONF             like --config
  GOCHAIN_PROXY            like --proxy
  GOCHAIN_MODE             like --mode
  GOCHAIN_LOG              off | error | warn (default) | info | debug
  GOCHAIN_LOG_FILE         like --log-file
  GOCHAIN_LOG_FORMAT       like --log-format

Exit status: COMMAND's own. Where a signal ended COMMAND, gochain ends by the same signal.
  125  gochain itself failed, and COMMAND was not started: one line on standard error says why
  126  COMMAND can't be executed
  127  COMMAND was not found
)";
}

}  // namespace launcher
