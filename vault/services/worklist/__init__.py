"""今日の仕事: what falls due, and what people do about it."""
