"""Many small runs held against each other: what more data brings (learning curve), which settings do best."""
