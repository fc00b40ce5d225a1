#include "tools/decentctl/text_table.h"

#include <algorithm>

#include "tools/decentctl/terminal_text.h"

namespace decentd {

void TextTable::Add(const std::vector<std::string>& cells) {
  std::vector<std::string> row(columns_.size());
  for (size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i) {
    row[i] = Shorten(PrintableLine(cells[i]), columns_[i].most);
  }
  rows_.push_back(std::move(row));
}

std::string TextTable::ToString(size_t indent) const {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    widths.push_back(DisplayWidth(column.title));
  }
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text(indent, ' ');
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string pad(widths[i] - DisplayWidth(cells[i]), ' ');
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::kRight ? pad + cells[i] : cells[i] + pad;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(titles);
  for (const auto& row : rows_) line(row);
  return out;
}

}  // namespace decentd
