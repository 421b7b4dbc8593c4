// Seats: memory for the dials that ride, in slabs of some. Each slab is mapped when the others are
// full and unmapped when it is empty, but for one, which is kept: to map each dial's memory anew
// would cost more than the rest of its connect, and unmapping has every processor that runs the
// program flush what it knew of it. All under the Guard.
#ifndef GOCHAIN_LOOP_SEATS_H_
#define GOCHAIN_LOOP_SEATS_H_

#include <cstddef>

#include "loop/rider.h"

namespace loop {

struct Slab;

// Nothing is written to one that isn't taken: its pages needn't be there.
struct Seat {
  Slab* slab;
  size_t slot;  // its dial's number in the table of riders
  alignas(Rider) unsigned char rider[sizeof(Rider)];
};

// nullptr: no memory. REQUIRES, of the rider in it: whoever takes the seat makes and destroys it
Seat* TakeSeat();
void ReturnSeat(Seat* seat);
Seat* SeatOf(const Rider* rider);

}  // namespace loop

#endif  // GOCHAIN_LOOP_SEATS_H_
