#include "config/password.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <string>

#include "../temp_folder.h"
#include "rules_text.h"

namespace config {
namespace {

const char* Variable(const char* name) {
  return std::strcmp(name, "PW") == 0 ? "from the environment" : nullptr;
}

class PasswordTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(folder_ / name) << text;
    chmod((folder_ / name).c_str(), mode);
  }
  // The file p.conf with one proxy of these lines.
  BuiltText Build(const std::string& lines, mode_t mode = 0600) {
    Write("p.conf", "[proxy p]\n" + lines, mode);
    Inputs inputs;
    inputs.file = folder_ / "p.conf";
    inputs.getenv_fn = Variable;
    return BuiltText(inputs);
  }
  std::string Password(const std::string& lines) {
    const BuiltText built = Build(lines);
    return built.ok() ? built.Text(built.config().proxies()[0].password) : built.Complaints();
  }
  // The lines of the warnings, and their words without the folder.
  std::string Warnings(const std::string& lines, mode_t mode) {
    std::string out;
    const BuiltText built = Build(lines, mode);
    for (const Diagnostic& warning : built.built().warnings) {
      std::string text = warning.Text();
      for (size_t at; (at = text.find(folder_ / "")) != std::string::npos;) {
        text.erase(at, (folder_ / "").size());
      }
      out += text + "\n";
    }
    return out;
  }

  TempFolder folder_;
};

TEST_F(PasswordTest, IsTheFilesFirstLine) {
  Write("a.pass", "a b:@%/ \nnext\n", 0600);
  EXPECT_EQ(Password("url = http://u@h\npassword_file = a.pass\n"), "a b:@%/ ");
  Write("a.pass", "dos\r\n", 0600);
  EXPECT_EQ(Password("password_file = ./a.pass\nurl = http://u@h\n"), "dos");
  Write("a.pass", "endless", 0600);
  EXPECT_EQ(Password("url = http://u@h\npassword_file = " + (folder_ / "a.pass") + "\n"),
            "endless");
}

TEST_F(PasswordTest, IsTheVariablesValue) {
  const BuiltText built = Build("url = http://u@h\npassword_env = PW\n");
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(built.Text(built.config().proxies()[0].password), "from the environment");
  EXPECT_EQ(built.built().password_variables, std::vector<std::string>{"PW"});
}

TEST_F(PasswordTest, IsCheckedForTheProxysProtocol) {
  ProxyUrl url;
  ASSERT_EQ(ParseProxyUrl("socks4://u@h", &url), std::nullopt);
  EXPECT_EQ(CheckPassword(url, "p", "'f'")->message, "the password in 'f' can't be sent by SOCKS4");
  ASSERT_EQ(ParseProxyUrl("socks5://u@h", &url), std::nullopt);
  EXPECT_EQ(CheckPassword(url, std::string(255, 'p'), "'f'"), std::nullopt);
  ASSERT_EQ(ParseProxyUrl("http://u@h", &url), std::nullopt);
  EXPECT_EQ(CheckPassword(url, std::string(999, 'p'), "'f'"), std::nullopt);
  EXPECT_EQ(CheckPassword(url, std::string(1000, 'p'), "'f'")->message,
            "the password in 'f' and the url's user have more than 1000 bytes together");
}

TEST_F(PasswordTest, WarnsOfFilesThatOthersCanRead) {
  const std::string in_url = "url = http://u:s3cret@h\n";
  const std::string warning =
      "p.conf:2: warning: others can read this password (chmod 600 p.conf)\n";
  EXPECT_EQ(Warnings(in_url, 0644), warning);
  EXPECT_EQ(Warnings(in_url, 0640), warning);
  EXPECT_EQ(Warnings(in_url, 0604), warning);
  EXPECT_EQ(Warnings(in_url, 0633), "");
  EXPECT_EQ(Warnings("url = http://u@${PW:-h}\n", 0644), "");
  EXPECT_EQ(Warnings("url = http://u@h\n", 0644), "");
  Write("a.pass", "s3cret", 0640);
  EXPECT_EQ(Warnings("url = http://u@h\npassword_file = a.pass\n", 0644),
            "p.conf:3: warning: others can read this password (chmod 600 a.pass)\n");
}

TEST_F(PasswordTest, IsFoundInAUrlAsItIsWritten) {
  for (const char* url : {"http://u:p@h", "u:p@h:1", "http://${A:-u}:p@h", "http://u:p${A}@h"}) {
    EXPECT_TRUE(HasWrittenPassword(url)) << url;
  }
  for (const char* url : {"http://h:1", "http://u@h", "http://u:@h", "http://u:${A:-p}@h",
                          "http://${A:-u:p}@h", "${A}", "http://${A@h"}) {
    EXPECT_FALSE(HasWrittenPassword(url)) << url;
  }
}

}  // namespace
}  // namespace config
