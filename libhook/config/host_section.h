// HostReader: what [hosts] says.
#ifndef GOCHAIN_CONFIG_HOST_SECTION_H_
#define GOCHAIN_CONFIG_HOST_SECTION_H_

#include <string>
#include <vector>

#include "config/ini_file.h"
#include "config/rules_context.h"

namespace config {

class HostReader {
 public:
  explicit HostReader(RulesContext* context) : context_(context) {}

  // False: the line's continuations are to be left out too.
  bool Read(const IniEntry& entry);
  // Complains about names without addresses.
  void Finish();

 private:
  struct Host {
    std::string name;     // lower case, no final dot
    std::string written;  // as the file has it
    Place place;
    bool has_address = false;  // a good one or a bad
  };

  bool ReadName(const IniEntry& entry);

  RulesContext* context_;
  std::vector<Host> hosts_;     // in the file's order
  std::vector<size_t> sorted_;  // indexes of hosts_, by name
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_HOST_SECTION_H_
