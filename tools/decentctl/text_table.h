// Columns of text for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace decentd {

class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
    size_t most = 48;  // columns of the terminal; longer text is shortened
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Cells may hold what strangers wrote: each is made printable and put on one line. Missing ones
  // are empty, more than there are columns are left out.
  void Add(const std::vector<std::string>& cells);
  size_t rows() const { return rows_.size(); }

  // Every line starts with `indent` spaces and ends in a line break, without blanks at its end.
  std::string ToString(size_t indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace decentd
