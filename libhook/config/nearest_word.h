// The known word that somebody probably meant.
#ifndef GOCHAIN_CONFIG_NEAREST_WORD_H_
#define GOCHAIN_CONFIG_NEAREST_WORD_H_

#include <span>
#include <string>
#include <string_view>

namespace config {

// The word of `known` with the fewest edits (insert, delete, replace, swap of neighbours; case is
// ignored), the first of equals; empty where even that one is too far off to be worth a guess.
std::string NearestWord(std::string_view word, std::span<const std::string_view> known);

}  // namespace config

#endif  // GOCHAIN_CONFIG_NEAREST_WORD_H_
