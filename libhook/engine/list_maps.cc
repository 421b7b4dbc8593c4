#include "engine/list_maps.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <new>

#include "base/fd.h"
#include "engine/held_file.h"

namespace engine {
namespace {

using config::ListView;

// The views of all lists, in memory that a signal handler may take.
class Views {
 public:
  explicit Views(size_t count) : size_(count * sizeof(ListView)) {
    const long memory = sys::Call(SYS_mmap, 0, static_cast<long>(size_), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (memory > 0 || memory < -4095) {
      memory_ = reinterpret_cast<ListView*>(memory);
    }
  }

  bool valid() const { return memory_ != nullptr; }

  base::Result<bool> Map(int fd, size_t size) {
    void* const mapped = sys::MapShared(fd, size, false);
    if (mapped == nullptr) {
      return base::Error{ENOMEM, "mmap of a list"};
    }
    const auto view = ListView::FromImage({static_cast<const uint8_t*>(mapped), size});
    if (!view.ok()) {
      sys::Unmap(mapped, size);
      return view.error();
    }
    new (&memory_[count_++]) ListView(view.value());
    return true;
  }

  std::span<const ListView> views() const { return {memory_, count_}; }

  // Where one list is missing, the others are of no use.
  void Unmap() {
    for (const ListView& view : views()) {
      sys::Unmap(const_cast<uint8_t*>(view.image().data()), view.image().size());
    }
    sys::Unmap(memory_, size_);
  }

 private:
  size_t size_;
  size_t count_ = 0;
  ListView* memory_ = nullptr;
};

// `map` maps list number i into the views it is given.
template <typename Map>
base::Result<std::span<const ListView>> MapAll(size_t count, Map map) {
  if (count == 0) {
    return std::span<const ListView>();
  }
  Views views(count);
  if (!views.valid()) {
    return base::Error{ENOMEM, "mmap"};
  }
  for (size_t i = 0; i < count; ++i) {
    const auto mapped = map(i, &views);
    if (!mapped.ok()) {
      views.Unmap();
      return mapped.error();
    }
  }
  return views.views();
}

}  // namespace

base::Result<std::span<const ListView>> MapLists(std::span<const config::ListImage> lists) {
  return MapAll(lists.size(), [lists](size_t i, Views* views) {
    return views->Map(lists[i].fd.get(), lists[i].size);
  });
}

int OpenList(std::string_view state, const ListRecord& list) {
  const int opened = OpenHeld(state, list.fd, O_RDONLY);
  if (opened < 0) {
    return opened;
  }
  // What is smaller than it was would end a reader by SIGBUS.
  base::Fd fd(opened);
  struct stat status;
  if (sys::Fstat(opened, &status) != 0 || static_cast<uint64_t>(status.st_size) != list.size) {
    return -EINVAL;
  }
  return fd.Release();
}

base::Result<std::span<const ListView>> OpenLists(std::string_view state,
                                                  std::span<const ListRecord> lists) {
  return MapAll(lists.size(), [&](size_t i, Views* views) -> base::Result<bool> {
    const int opened = OpenList(state, lists[i]);
    if (opened < 0) {
      return base::Error{-opened, "open of a list"};
    }
    const base::Fd fd(opened);
    return views->Map(fd.get(), lists[i].size);
  });
}

}  // namespace engine
