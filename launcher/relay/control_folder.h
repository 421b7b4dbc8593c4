// ControlFolder: a folder of its user's alone in which a ssh master makes its control socket, and
// finds the door to the hops before it.
//
// It is needed while the master starts. After that the socket is held by a descriptor and reached
// through /proc, and nothing of it is left in the file system, however the relay may end.
#ifndef GOCHAIN_RELAY_CONTROL_FOLDER_H_
#define GOCHAIN_RELAY_CONTROL_FOLDER_H_

#include <string>

#include "base/fd.h"

namespace relay {

class ControlFolder {
 public:
  ControlFolder() = default;
  ~ControlFolder() { Remove(); }
  ControlFolder(const ControlFolder&) = delete;
  ControlFolder& operator=(const ControlFolder&) = delete;

  // In $XDG_RUNTIME_DIR, else in /tmp. 0 or an errno.
  int Make();
  const std::string& path() const { return path_; }
  std::string socket_path() const { return path_ + "/s"; }  // the master's
  std::string door_path() const { return path_ + "/d"; }    // the relay's

  // Takes the master's socket over, once it is there, and removes the folder. False: not yet there.
  bool TakeSocket();
  // Where the socket can be connected to after that, for this process.
  std::string taken_path() const;

  void Remove();

 private:
  std::string path_;
  base::Fd socket_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_CONTROL_FOLDER_H_
